package dev.weft.events;

/** An event to append: its type's name and its data as JSON. */
public record NewEvent(String type, byte[] data) {}
