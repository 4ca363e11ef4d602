namespace WmProxy.ForwardProxy.Access;

/// <summary>Why the egress guard refuses a destination. The names appear in metrics and are a contract.</summary>
internal enum GuardReason
{
    /// <summary>It does not.</summary>
    None,

    /// <summary>A forward proxy of this very process; refused always.</summary>
    Loop,

    /// <summary>Another address that this process listens on.</summary>
    OwnListener,

    /// <summary>This machine (127.0.0.0/8, ::1, names below localhost).</summary>
    Loopback,

    /// <summary>Addresses of one link (169.254.0.0/16, fe80::/10).</summary>
    LinkLocal,

    /// <summary>Where clouds tell a machine its secrets.</summary>
    CloudMetadata,

    /// <summary>No address of anybody (0.0.0.0/8, ::), which the system takes for this machine.</summary>
    Unspecified,

    /// <summary>Many machines at once (224.0.0.0/4, ff00::/8).</summary>
    Multicast,

    /// <summary>All machines of a link (255.255.255.255).</summary>
    Broadcast,

    /// <summary>Port 25, where mail is handed in, without a rule that names ports.</summary>
    MailPort,
}
