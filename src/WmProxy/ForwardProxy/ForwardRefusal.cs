namespace WmProxy.ForwardProxy;

/// <summary>Why a forward proxy does not carry out a request. Each protocol has its own words for them.</summary>
internal enum ForwardRefusal
{
    /// <summary>It is carried out.</summary>
    None,

    /// <summary>A rule denies it, or none allows it.</summary>
    RuleDenied,

    /// <summary>The egress guard refuses the destination.</summary>
    GuardDenied,

    /// <summary>The destination is this very proxy.</summary>
    Loop,

    /// <summary>The name does not resolve.</summary>
    NameNotResolved,

    /// <summary>The destination refuses the connection.</summary>
    ConnectionRefused,

    /// <summary>The destination's network cannot be reached.</summary>
    NetworkUnreachable,

    /// <summary>The destination cannot be reached.</summary>
    HostUnreachable,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>No parent proxy is there, or the parent failed.</summary>
    ParentFailed,

    /// <summary>Anything else, as a want of descriptors here.</summary>
    Failed,
}
