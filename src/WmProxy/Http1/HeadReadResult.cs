namespace WmProxy.Http1;

/// <summary>What became of waiting for a head.</summary>
internal readonly record struct HeadReadResult
{
    private enum Outcome
    {
        Complete,
        Ended,
        Reset,
        Cut,
        TooLong,
        BareLf,
    }

    private Outcome Result { get; init; }

    /// <summary>How many bytes it has, its empty line included; 0 where there is none.</summary>
    public int Length { get; private init; }

    public bool IsComplete => Result == Outcome.Complete;

    /// <summary>Whether not a single byte of it came: the peer has ended its direction, or is gone.</summary>
    public bool IsNothing => Result is Outcome.Ended or Outcome.Reset;

    /// <summary>Whether there is nobody any more to answer.</summary>
    public bool IsGone => Result is Outcome.Ended or Outcome.Reset or Outcome.Cut;

    public bool IsTooLong => Result == Outcome.TooLong;

    /// <summary>The peer has ended its direction before the first byte.</summary>
    public static HeadReadResult Ended { get; } = new() { Result = Outcome.Ended };

    /// <summary>The connection failed before the first byte.</summary>
    public static HeadReadResult Reset { get; } = new() { Result = Outcome.Reset };

    /// <summary>The connection ended or failed in the middle of it.</summary>
    public static HeadReadResult Cut { get; } = new() { Result = Outcome.Cut };

    public static HeadReadResult TooLong { get; } = new() { Result = Outcome.TooLong };

    /// <summary>A line does not end with CR LF.</summary>
    public static HeadReadResult BareLf { get; } = new() { Result = Outcome.BareLf };

    public static HeadReadResult Complete(int length) => new() { Result = Outcome.Complete, Length = length };
}
