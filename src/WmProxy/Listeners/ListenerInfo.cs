using System.Collections.Generic;

namespace WmProxy.Listeners;

/// <summary>STUB.</summary>
public sealed record ListenerInfo(string Address, string ConfiguredAddress, IReadOnlyList<string> Streams);
