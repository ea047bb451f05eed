/** The types everything hangs on: service, filter, context; needs the JDK only. */
package dev.weft.core;
