"""How every number is computed: quantities, equations, passes through time, training."""
