"""Tests; they mirror src/ and stages/."""
