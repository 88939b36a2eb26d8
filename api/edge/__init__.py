"""What every request passes before it is understood: identity, time, limits, headers, and the last resort."""
