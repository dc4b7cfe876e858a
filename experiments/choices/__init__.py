"""Is each main choice of the recipe better than the usual other one, on this project's own runs?"""
