/**
 * The steps that bring a database file to today's schema. Append only: a released step never changes.
 *
 * @module
 */

/** SQL of each step, in order; `PRAGMA user_version` counts the steps that a file has had. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE sessions (
     "idHash" TEXT PRIMARY KEY NOT NULL,
     "issuer" TEXT NOT NULL,
     "subject" TEXT NOT NULL,
     "user" TEXT NOT NULL,
     "createdMs" INTEGER NOT NULL,
     "seenMs" INTEGER NOT NULL,
     "sealed" BLOB NOT NULL
   ) STRICT;
   CREATE INDEX sessions_user ON sessions ("user");
   CREATE TABLE connectors (
     "id" TEXT PRIMARY KEY NOT NULL,
     "name" TEXT NOT NULL,
     "group" TEXT NOT NULL,
     "registeredMs" INTEGER NOT NULL,
     "revokedMs" INTEGER
   ) STRICT;
   CREATE TABLE connector_certificates (
     "serial" TEXT PRIMARY KEY NOT NULL,
     "connectorId" TEXT NOT NULL REFERENCES connectors ("id") ON DELETE CASCADE,
     "notBeforeMs" INTEGER NOT NULL,
     "notAfterMs" INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX connector_certificates_connector ON connector_certificates ("connectorId");
   CREATE TABLE registration_tokens (
     "secretHash" TEXT PRIMARY KEY NOT NULL,
     "group" TEXT NOT NULL,
     "createdMs" INTEGER NOT NULL,
     "expiresMs" INTEGER NOT NULL,
     "usedMs" INTEGER,
     "usedBy" TEXT
   ) STRICT;`,
  `ALTER TABLE sessions ADD COLUMN "sid" TEXT;
   CREATE INDEX sessions_subject ON sessions ("issuer", "subject");
   CREATE INDEX sessions_sid ON sessions ("issuer", "sid");`,
]
