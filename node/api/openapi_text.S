/* openapi.yaml as bytes of the program. */
    .section .rodata
    .global openapi_text
    .global openapi_text_end
    .hidden openapi_text
    .hidden openapi_text_end
    .balign 16
openapi_text:
    .incbin "openapi.yaml"
openapi_text_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
