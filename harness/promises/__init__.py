"""Promises of houses, offers and answers of can-hold, and how many are kept in a world that none foresaw."""
