"""From the champion to scores with reasons: API, page, night's job, CRM."""
