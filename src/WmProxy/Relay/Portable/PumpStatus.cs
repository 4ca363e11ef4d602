namespace WmProxy.Relay.Portable;

/// <summary>Why a pump stopped moving bytes for now, or for good.</summary>
internal enum PumpStatus
{
    /// <summary>It had its turn; others want theirs.</summary>
    Yield,

    /// <summary>Nothing to read.</summary>
    NeedsRead,

    /// <summary>The receiver's buffers are full.</summary>
    NeedsWrite,

    /// <summary>The sender's direction has ended.</summary>
    EndOfStream,

    /// <summary>The sender's side failed.</summary>
    ReadFailed,

    /// <summary>The receiver's side failed.</summary>
    WriteFailed,
}
