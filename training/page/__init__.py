"""The scorecard as pages: pictures drawn as SVG, and words for who has to decide."""
