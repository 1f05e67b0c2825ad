"""Assay Studio: from a file of examples to a fine-tuned model and a blind verdict."""

__version__ = "0.1.0"
