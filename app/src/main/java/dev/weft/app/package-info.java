/** App: what a service is made of; configuration from the environment; main. */
package dev.weft.app;
