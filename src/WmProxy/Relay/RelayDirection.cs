namespace WmProxy.Relay;

/// <summary>Which way bytes go.</summary>
internal enum RelayDirection
{
    /// <summary>From the client to the destination.</summary>
    Up,

    /// <summary>From the destination to the client.</summary>
    Down,
}
