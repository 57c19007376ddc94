// GET / lists the newest notes, POST /notes adds one. Every answer says which instance gave it.
import express from "express";

import { isUnreachable, pool, read } from "./database.js";

const INSTANCE_ID = process.env.EVENLY_INSTANCE_ID ?? "unknown";
const LONGEST_TEXT = 500;

export const app = express();
app.disable("x-powered-by");
app.set("trust proxy", 1); // the client's address and scheme, from the one balancer in front
app.use(express.json({ limit: "64kb" }));

app.get("/", async (_request, response) => {
  const { rows } = await read("SELECT id, text, written_at FROM notes ORDER BY id DESC LIMIT 20");
  response.json({ instance_id: INSTANCE_ID, notes: rows });
});

app.post("/notes", async (request, response) => {
  const text = request.body?.text;
  if (typeof text !== "string" || !text || text.length > LONGEST_TEXT || text.includes("\0")) {
    response.status(422).json({ detail: `text has to have 1 to ${LONGEST_TEXT} characters.` });
    return;
  }
  const { rows } = await pool.query(
    "INSERT INTO notes (text) VALUES ($1) RETURNING id, text, written_at",
    [text],
  );
  response.status(201).json(rows[0]);
});

// This process is alive. It does not ask the database: without one, no instance is better than another.
app.get("/healthz", (_request, response) => {
  response.json({ status: "alive" });
});

app.use((error, _request, response, next) => {
  if (response.headersSent) {
    next(error);
  } else if (isUnreachable(error)) {
    // 503 makes the balancer ask once more; by then the database may be back.
    response.status(503).set("Retry-After", "1").json({ detail: "The database does not answer." });
  } else if (error.status && error.status < 500) {
    response.status(error.status).json({ detail: "The request cannot be read." });
  } else {
    console.error(error);
    response.status(500).json({ detail: "Something went wrong." });
  }
});
