"""What the interop tests share: certificates, processes, namespaces, backends and TLS clients."""
