"""The five papers: experiments run on virtual cells, analysed like measurements, set beside what was published."""
