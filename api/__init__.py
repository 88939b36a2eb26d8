"""The gateway: REST, WebSocket and the sign-in page. It declares the ports it needs and knows no driver."""
