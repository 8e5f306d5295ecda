from typing import Any

def __getattr__(name: str) -> Any: ...

class Error(Exception):
    message: str
    @staticmethod
    def new_literal(domain: int, text: str, code: int) -> Error: ...
