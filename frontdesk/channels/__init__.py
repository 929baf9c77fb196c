"""The commands about messaging channels; the channels themselves run inside Rasa."""
