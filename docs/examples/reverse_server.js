// A server of your own, for Node.js, that revecho-stress can check: it reverses lines. usage: reverse_server.js PORT
const net = require("net");

const server = net.createServer((peer) => {
  let received = Buffer.alloc(0);
  peer.on("data", (bytes) => {
    received = Buffer.concat([received, bytes]);
    for (let end; (end = received.indexOf("\n")) >= 0; received = received.subarray(end + 1))
      peer.write(Buffer.concat([received.subarray(0, end).reverse(), Buffer.from("\n")]));
  });
  peer.on("error", () => {}); // the client has reset the connection
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log(server.address().port));
