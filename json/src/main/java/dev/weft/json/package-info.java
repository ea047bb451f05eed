/** The codec for records and sealed types, on Jackson. */
package dev.weft.json;
