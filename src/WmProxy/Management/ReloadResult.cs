using System;
using System.Collections.Generic;
using WmProxy.Configuration;

namespace WmProxy.Management;

/// <summary>STUB.</summary>
public sealed record ReloadResult(bool Succeeded, DateTimeOffset At, IReadOnlyList<ConfigError> Errors);
