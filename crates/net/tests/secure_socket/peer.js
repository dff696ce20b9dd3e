// Node's servers, one for each number; those with a key in this folder speak TLS. Each line that a client sends is a command:
//
//   close      ends with close_notify
//   fin        ends without
//   reset      resets the connection
//   name       sends the name that the client asked for, and whether it resumed a session
//   send N     sends N bytes
//   deaf       reads nothing any more
//   pipe       sends back whatever comes from now on
//   anything else comes back

const fs = require('fs');
const net = require('net');
const tls = require('tls');

const count = Number(process.argv[2]);
const ports = [];

function obey(socket, raw, line) {
    const [word, argument] = line.split(' ');
    if (word === 'close') socket.end();
    else if (word === 'fin') socket.destroy();
    else if (word === 'reset') raw.resetAndDestroy();
    else if (word === 'name') socket.write(`${socket.servername} ${socket.isSessionReused()}\n`);
    else if (word === 'send') socket.write(Buffer.alloc(Number(argument), 'x'));
    else if (word === 'deaf') { socket.pause(); raw.pause(); }
    else if (word === 'pipe') { socket.removeAllListeners('data'); socket.pipe(socket); socket.write('\n'); }
    else socket.write(line + '\n');
}

function serve(socket, raw) {
    let text = '';
    socket.on('data', (bytes) => {
        text += bytes.toString('latin1');
        const lines = text.split('\n');
        text = lines.pop();
        for (const line of lines) obey(socket, raw, line);
    });
    socket.on('error', () => {});
    socket.on('end', () => console.log('END'));
    socket.on('close', () => console.log('CLOSE'));
}

for (let index = 0; index < count; index++) {
    const read = (name) => fs.readFileSync(`${index}.${name}`);
    let server;
    if (fs.existsSync(`${index}.key`)) {
        const version = 'TLSv' + read('version');
        server = tls.createServer({ key: read('key'), cert: read('cert'), minVersion: version, maxVersion: version });
        if (fs.existsSync(`${index}.staple`)) {
            server.on('OCSPRequest', (certificate, issuer, callback) => callback(null, read('staple')));
        }
        let raw;
        server.on('connection', (one) => { raw = one; });
        server.on('secureConnection', (socket) => serve(socket, raw));
    } else {
        server = net.createServer((socket) => serve(socket, socket));
    }
    server.on('tlsClientError', (error) => console.log('REFUSED ' + error.code));
    server.listen(0, '127.0.0.1', () => {
        ports[index] = server.address().port;
        if (ports.filter(Boolean).length === count) console.log('PORTS ' + ports.join(' '));
    });
}
