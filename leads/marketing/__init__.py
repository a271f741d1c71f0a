"""The pages of marketing beside its board: distance, consent, mails, cadences, lead forms, recycling."""
