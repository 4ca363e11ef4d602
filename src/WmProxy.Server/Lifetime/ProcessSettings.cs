using System;
using WmProxy.Native;

namespace WmProxy.Server.Lifetime;

/// <summary>What belongs to the whole process, and has to be set before the first socket is used.</summary>
internal static class ProcessSettings
{
    private const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>Below this, a proxy with two descriptors a connection is soon out of them.</summary>
    public const ulong FewDescriptors = 4096;

    public static void Apply()
    {
        // Socket completions run on the thread that waits for events instead of taking a turn through the thread pool: the portable relay is built for
        // it (a third of its CPU time), and blocks nowhere. Read once, at the first use of a socket; whoever has set it knows why.
        if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
        {
            Environment.SetEnvironmentVariable(InlineCompletions, "1");
        }

        // No traceparent on forwarded requests and no Activity for each (8 % of a proxied GET), as long as nothing listens to them.
        if (!AppContext.TryGetSwitch("System.Net.Http.EnableActivityPropagation", out _))
        {
            AppContext.SetSwitch("System.Net.Http.EnableActivityPropagation", false);
        }
    }

    /// <summary>Raises the limit of open descriptors as far as this user may, and returns it; <see langword="null"/> where there is none to ask for.</summary>
    public static ulong? RaiseDescriptorLimit()
    {
        if (!DescriptorLimit.TryGet(out var soft, out var hard))
        {
            return null;
        }

        // .NET does this at its own start, but not in every hosting mode and not for every libc.
        return soft < hard && DescriptorLimit.TrySet(hard, hard) ? hard : soft;
    }
}
