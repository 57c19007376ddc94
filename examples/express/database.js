// Connections to PostgreSQL. Where it is, pg finds in the PG* variables.
import pg from "pg";

export const pool = new pg.Pool({ max: 8, connectionTimeoutMillis: 5_000 });

// An idle connection that a restart of the database broke: the pool has dropped it already.
pool.on("error", (error) => console.error(`a connection ended: ${error.message}`));

// Class 08: connection exceptions; 57P: the server is shutting down or starting.
export const isUnreachable = (error) =>
  /^(08|57P)/.test(error.code ?? "") ||
  ["ECONNREFUSED", "ECONNRESET", "ENOENT", "EPIPE"].includes(error.code) ||
  /terminated unexpectedly|timeout exceeded when trying to connect/.test(error.message);

// What only reads may be asked twice: the first connection may be one that a restart broke.
export async function read(sql, values) {
  try {
    return await pool.query(sql, values);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    return pool.query(sql, values);
  }
}
