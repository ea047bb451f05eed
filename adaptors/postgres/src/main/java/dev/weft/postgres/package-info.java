/** Storage on PostgreSQL, 13 or later: each service has a schema of its own. */
package dev.weft.postgres;
