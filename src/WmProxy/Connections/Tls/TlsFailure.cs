using System;

namespace WmProxy.Connections.Tls;

/// <summary>Says in words for a log why a handshake failed.</summary>
internal static class TlsFailure
{
    /// <summary>The exception's message, and that of its cause (OpenSSL's own words) where it adds something.</summary>
    public static string Describe(Exception ex)
    {
        var cause = ex.GetBaseException();
        return cause == ex || cause.Message == ex.Message ? ex.Message : $"{ex.Message} ({cause.Message})";
    }
}
