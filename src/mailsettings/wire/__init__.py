"""Mail protocol dialogues without I/O: generators that say what to send and are told what came."""
