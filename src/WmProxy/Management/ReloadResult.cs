using System;
using System.Collections.Generic;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>What became of a configuration that was read while the program runs.</summary>
/// <param name="Succeeded">Whether it is the one that runs now; if not, the one before still does, whole.</param>
/// <param name="At">When.</param>
/// <param name="Errors">What is wrong with it; empty on success.</param>
public sealed record ReloadResult(bool Succeeded, DateTimeOffset At, IReadOnlyList<ConfigError> Errors);
