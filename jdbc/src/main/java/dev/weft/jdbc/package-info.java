/**
 * Storage over JDBC: one writer that commits many appends and transactions together, readers beside it. What a database
 * does its own way is a {@link dev.weft.jdbc.Dialect}.
 */
package dev.weft.jdbc;
