"""DNS client: messages, transports (Do53, DoT, DoH), resolvers."""
