// Mutual TLS on $HOST:$PORT with the instance's own certificate; plain HTTP where no certificate is given.
import { readFileSync } from "node:fs";
import { createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";

import { app } from "./app.js";
import { pool } from "./database.js";

const { HOST = "127.0.0.1", PORT = "8000", TLS_CERTIFICATE, TLS_KEY, TLS_CLIENT_CA } = process.env;

const server = TLS_CERTIFICATE
  ? createSecure(
      {
        cert: readFileSync(TLS_CERTIFICATE),
        key: readFileSync(TLS_KEY),
        ca: readFileSync(TLS_CLIENT_CA),
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: "TLSv1.3",
      },
      app,
    )
  : createPlain(app);

// Longer than the balancer keeps an idle connection (30 s), so that it is never the app that closes one.
server.keepAliveTimeout = 75_000;
server.listen(Number(PORT), HOST);

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    server.close(() => pool.end()); // finishes the requests in flight, then lets the process end
  });
}
