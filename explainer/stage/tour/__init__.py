"""The guided tour: stations, and what makes an answer right."""
