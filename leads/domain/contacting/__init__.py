"""How people are reached: at an appropriate distance, with their consent, by mails and cadences."""
