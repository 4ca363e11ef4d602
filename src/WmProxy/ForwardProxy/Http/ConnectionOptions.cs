using System;
using System.Collections.Generic;

namespace WmProxy.ForwardProxy.Http;

/// <summary>The fields that the <c>Connection</c> field of a message says end here (RFC 9110 section 7.6.1).</summary>
internal static class ConnectionOptions
{
    /// <summary>The names, without those that no client may have taken out: what frames a message, and whom it is for.</summary>
    public static IEnumerable<string> Read(IEnumerable<string?> values)
    {
        foreach (var value in values)
        {
            foreach (var option in (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                if (!option.Equals("Host", StringComparison.OrdinalIgnoreCase)
                    && !option.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                    && !option.Equals("Transfer-Encoding", StringComparison.OrdinalIgnoreCase))
                {
                    yield return option;
                }
            }
        }
    }
}
