/** The weft command; composes hub, gateway, supervisor and console. */
package dev.weft.cli;
