namespace WmProxy.Tests.Common;

/// <summary>How the peer's direction of a connection ended.</summary>
public enum ReadEnd
{
    /// <summary>It did not; the reader had what it wanted.</summary>
    Open,

    /// <summary>With an orderly end (a FIN).</summary>
    Fin,

    /// <summary>With a reset: what was received may be cut short.</summary>
    Reset,
}
