// A host with policy files, as Adobe describes them: `master.xml` at one port, `own.xml` at a port that speaks TLS to
// whoever does not ask for it. A file that is not there is not served.

const fs = require('fs');
const net = require('net');
const tls = require('tls');

const REQUEST = '<policy-file-request/>\0';

function answering(file, otherwise) {
    return net.createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', (bytes) => {
            if (bytes.toString('latin1') === REQUEST) {
                console.log('ASKED ' + file);
                if (fs.existsSync(file)) socket.write(fs.readFileSync(file) + '\0');
                else socket.end();
            } else {
                otherwise(socket, bytes);
            }
        });
    });
}

const secure = tls.createServer({ key: fs.readFileSync('key'), cert: fs.readFileSync('cert') }, (socket) => {
    console.log('CONNECTED');
    socket.on('error', () => {});
    socket.end('welcome');
});
const master = answering('master.xml', (socket) => socket.destroy());
const own = answering('own.xml', (socket, bytes) => {
    socket.pause();
    socket.unshift(bytes);
    secure.emit('connection', socket);
});
master.listen(0, '127.0.0.1', () => own.listen(0, '127.0.0.1', () => {
    console.log(`PORTS ${master.address().port} ${own.address().port}`);
}));
