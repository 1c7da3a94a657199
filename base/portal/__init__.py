"""Sharing of government data under signed agreements, by GraphQL, with every answer decided and recorded."""
