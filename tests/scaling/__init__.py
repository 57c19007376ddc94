"""A fleet that is simulated request by request, scaled by the product's own code; and plots of it for the docs."""
