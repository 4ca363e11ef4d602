namespace WmProxy.Http1;

/// <summary>What is wrong with a head.</summary>
internal enum HeadError
{
    None,

    /// <summary>The request line or status line is not one.</summary>
    StartLine,

    /// <summary>It is of another major version than 1.</summary>
    Version,

    /// <summary>A field line is not one, or continues the line before.</summary>
    FieldLine,

    /// <summary>There are more lines, or connection options, than anybody needs.</summary>
    TooManyFields,

    /// <summary><c>Host</c> is missing, there more than once, or none.</summary>
    Host,

    /// <summary><c>Content-Length</c> is no length, or several differ.</summary>
    ContentLength,

    /// <summary><c>Transfer-Encoding</c> is something other than <c>chunked</c>, or stands where it may not.</summary>
    TransferEncoding,
}
