using System;
using System.Net;

namespace WmProxy.Tests.Common;

/// <summary>A server that does with each connection what its script says.</summary>
public sealed class ScriptedPeer : TestServerSocket
{
    public ScriptedPeer(Action<PeerScript> script, EndPoint? listenOn = null)
        : this(Build(script), listenOn)
    {
    }

    private ScriptedPeer(PeerScript script, EndPoint? listenOn)
        : base(script.RunAsync, listenOn)
    {
    }

    private static PeerScript Build(Action<PeerScript> script)
    {
        var built = new PeerScript();
        script(built);
        return built;
    }
}
