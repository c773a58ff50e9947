"""DNS: messages, transports, resolvers."""
