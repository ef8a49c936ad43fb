"""Argument checks, memory budgets, versions."""
