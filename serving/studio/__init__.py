"""The studio: the platform's pages in the browser, in English and Chinese, for the person who runs it."""
