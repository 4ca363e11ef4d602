namespace WmProxy.Http1;

/// <summary>How a message's content is delimited.</summary>
/// <param name="Kind">By what.</param>
/// <param name="Length">How many bytes it has, where they are counted.</param>
internal readonly record struct BodyFraming(BodyKind Kind, long Length)
{
    public static BodyFraming None => default;

    public static BodyFraming Chunked => new(BodyKind.Chunked, 0);

    public static BodyFraming UntilEnd => new(BodyKind.UntilEnd, 0);

    /// <summary>Whether there is a byte to come, as far as the head tells.</summary>
    public bool HasContent => Kind switch
    {
        BodyKind.None => false,
        BodyKind.Length => Length > 0,
        _ => true,
    };

    public static BodyFraming OfLength(long length) => new(BodyKind.Length, length);
}
