import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.KeyFactory;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;
import javax.xml.crypto.AlgorithmMethod;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.KeySelectorException;
import javax.xml.crypto.KeySelectorResult;
import javax.xml.crypto.OctetStreamData;
import javax.xml.crypto.URIDereferencer;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.XMLStructure;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.Reference;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLObject;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.keyinfo.KeyValue;
import javax.xml.crypto.dsig.keyinfo.X509Data;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;
import org.w3c.dom.NodeList;

/** The JDK's XML signatures. Reads one order a line, its words separated by tabs, and answers with a line. */
public final class Peer {
    private static final byte[] SECRET = "between us".getBytes(StandardCharsets.UTF_8);
    private static final XMLSignatureFactory FACTORY = XMLSignatureFactory.getInstance("DOM");

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split("\t", -1);
            String answer;
            try {
                answer = words[0].equals("verify") ? verify(Path.of(words[1])) : sign(words);
            } catch (Exception error) {
                answer = "error " + error;
            }
            System.out.println(answer.replaceAll("\\s+", " "));
            System.out.flush();
        }
    }

    private static String verify(Path file) throws Exception {
        Document document = parse(Files.readAllBytes(file));
        NodeList found = document.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
        DOMValidateContext context = new DOMValidateContext(new Keys(), found.item(found.getLength() - 1));
        context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.TRUE);
        identify(document.getDocumentElement(), context);
        context.setURIDereferencer(files(file.getParent()));
        XMLSignature signature = FACTORY.unmarshalXMLSignature(context);
        return signature.validate(context) ? "valid" : "invalid";
    }

    /** sign OUT DOCUMENT FORM ALGORITHM C14N KEY-KIND KEY CERTIFICATE */
    private static String sign(String[] words) throws Exception {
        Path out = Path.of(words[1]);
        Document document = parse(words[2].getBytes(StandardCharsets.UTF_8));
        String form = words[3];
        Key key = words[6].equals("HMAC")
            ? new SecretKeySpec(SECRET, "HMAC")
            : KeyFactory.getInstance(words[6]).generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(words[7]))));
        DigestMethod digest = FACTORY.newDigestMethod(DigestMethod.SHA256, null);
        Transform c14n = FACTORY.newTransform(words[5], (TransformParameterSpec) null);
        List<Reference> references = new ArrayList<>();
        List<XMLObject> objects = new ArrayList<>();
        Document into = document;
        switch (form) {
            case "enveloped" -> references.add(FACTORY.newReference("", digest,
                List.of(FACTORY.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null), c14n), null, null));
            case "enveloping" -> {
                into = DocumentBuilderFactory.newInstance().newDocumentBuilder().newDocument();
                XMLStructure content = new DOMStructure(into.importNode(document.getDocumentElement(), true));
                objects.add(FACTORY.newXMLObject(List.of(content), "o", null, null));
                references.add(FACTORY.newReference("#o", digest, List.of(c14n), null, null));
            }
            default -> {
                into = DocumentBuilderFactory.newInstance().newDocumentBuilder().newDocument();
                references.add(FACTORY.newReference("file.txt", digest));
                references.add(FACTORY.newReference("file.xml", digest, List.of(c14n), null, null));
            }
        }
        SignedInfo info = FACTORY.newSignedInfo(
            FACTORY.newCanonicalizationMethod(words[5], (C14NMethodParameterSpec) null),
            FACTORY.newSignatureMethod(words[4], null), references);
        KeyInfoFactory keys = FACTORY.getKeyInfoFactory();
        KeyInfo keyInfo = null;
        if (!words[6].equals("HMAC")) {
            X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(Path.of(words[8]))));
            keyInfo = keys.newKeyInfo(List.of(
                keys.newKeyValue(certificate.getPublicKey()), keys.newX509Data(List.of(certificate))));
        }
        Node parent = form.equals("enveloped") ? into.getDocumentElement() : into;
        DOMSignContext context = new DOMSignContext(key, parent);
        context.setURIDereferencer(files(out.getParent()));
        FACTORY.newXMLSignature(info, keyInfo, objects, "s", null).sign(context);
        ByteArrayOutputStream octets = new ByteArrayOutputStream();
        TransformerFactory.newInstance().newTransformer().transform(new DOMSource(into), new StreamResult(octets));
        Files.write(out, octets.toByteArray());
        return "signed";
    }

    private static Document parse(byte[] octets) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        return factory.newDocumentBuilder().parse(new ByteArrayInputStream(octets));
    }

    private static void identify(Element element, DOMValidateContext context) {
        if (element.hasAttributeNS(null, "Id")) {
            context.setIdAttributeNS(element, null, "Id");
        }
        for (Node node = element.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element child) {
                identify(child, context);
            }
        }
    }

    private static URIDereferencer files(Path folder) {
        URIDereferencer usual = FACTORY.getURIDereferencer();
        return (reference, context) -> {
            String uri = reference.getURI();
            if (uri.isEmpty() || uri.startsWith("#")) {
                return usual.dereference(reference, context);
            }
            try {
                return new OctetStreamData(new ByteArrayInputStream(Files.readAllBytes(folder.resolve(uri))));
            } catch (java.io.IOException error) {
                throw new javax.xml.crypto.URIReferenceException(error);
            }
        };
    }

    /** The secret for an HMAC; else the key of the first certificate, or the first key. */
    private static final class Keys extends KeySelector {
        @Override
        public KeySelectorResult select(KeyInfo info, Purpose purpose, AlgorithmMethod method, XMLCryptoContext context)
            throws KeySelectorException {
            if (method.getAlgorithm().contains("hmac")) {
                return () -> new SecretKeySpec(SECRET, "HMAC");
            }
            for (XMLStructure part : info.getContent()) {
                if (part instanceof X509Data data && data.getContent().get(0) instanceof X509Certificate certificate) {
                    return certificate::getPublicKey;
                }
                if (part instanceof KeyValue value) {
                    try {
                        Key key = value.getPublicKey();
                        return () -> key;
                    } catch (java.security.KeyException error) {
                        throw new KeySelectorException(error);
                    }
                }
            }
            throw new KeySelectorException("no key");
        }
    }
}
