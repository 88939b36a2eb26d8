"""run-events, trends, record-marks → mails and signed webhooks; and the one sender of all mail."""
