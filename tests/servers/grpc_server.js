// grpc.health.v1.Health by grpc-js.
//
//     grpc_server.js CERTS
//
// JS_PORT plaintext, JS_TLS_PORT with the certificate CERTS/good, JS_MTLS_PORT with client certificates by CERTS/ca
// required, JS_EMPTY_PORT without a health service. The service asked for names the status that is the answer.

'use strict';

const fs = require('fs');
const path = require('path');
const grpc = require('@grpc/grpc-js');

const LIFETIME_MS = 900000; // as that of the other servers

const STATUSES = { UNKNOWN: 0, SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 };
const same = (bytes) => bytes;
const definition = {
  Check: {
    path: '/grpc.health.v1.Health/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  },
};

function check(call, callback) {
  const name = call.request.subarray(2).toString();
  if (name in STATUSES) callback(null, Buffer.from([8, STATUSES[name]]));
  else callback({ code: grpc.status.NOT_FOUND, details: 'unknown service' });
}

function serve(credentials, health) {
  const server = new grpc.Server();
  if (health) server.addService(definition, { Check: check });
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)));
  });
}

async function main() {
  const certs = process.argv[2];
  const read = (name) => fs.readFileSync(path.join(certs, name));
  const pair = [{ private_key: read('good.key'), cert_chain: read('good.crt') }];
  const plain = grpc.ServerCredentials.createInsecure();
  const ports = {
    JS_PORT: await serve(plain, true),
    JS_TLS_PORT: await serve(grpc.ServerCredentials.createSsl(null, pair), true),
    JS_MTLS_PORT: await serve(grpc.ServerCredentials.createSsl(read('ca.crt'), pair, true), true),
    JS_EMPTY_PORT: await serve(plain, false),
  };
  console.log('ready', Object.entries(ports).map(([name, port]) => `${name}=${port}`).join(' '));
  setTimeout(() => process.exit(), LIFETIME_MS);
}

main();
