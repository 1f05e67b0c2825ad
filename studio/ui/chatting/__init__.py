"""Chatting: what the chat shows: its panes, and how the worker behind it is doing."""
