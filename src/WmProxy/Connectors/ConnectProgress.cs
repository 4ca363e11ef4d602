namespace WmProxy.Connectors;

/// <summary>How far a connector came, so that an attempt that is cut short by its deadline can be blamed on the right one.</summary>
internal sealed class ConnectProgress
{
    /// <summary>The parent proxy was asked for the target.</summary>
    public bool HasAsked { get; set; }

    /// <summary>The parent proxy answered before, in a greeting: it is alive, and what takes its time is the target.</summary>
    public bool HasAnswered { get; set; }

    /// <summary>Whose failure it is when time is up now.</summary>
    public ConnectFault Fault => !HasAsked ? ConnectFault.Destination : HasAnswered ? ConnectFault.Target : ConnectFault.Unknown;
}
